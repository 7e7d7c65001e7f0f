//! 64 bytes at a time: where quotes are, and whether there is anything among them that asks for a closer look.
//!
//! Two ways to one answer: with AVX2 where the processor has it, else with what every processor of its kind has. Both without `unsafe`: the crates see to it that
//! no instruction is used that is not there.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m256i;

#[cfg(target_arch = "x86_64")]
use pulp::NullaryFnOnce;
#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;
use wide::u8x16;

/// Bytes that are looked at in one go.
pub(super) const BLOCK: usize = 64;

/// What 64 bytes hold; bit n is of byte n.
#[derive(Clone, Copy)]
pub(super) struct Looked {
    /// `"`
    pub(super) quotes: u64,
    /// Not 0 where there is a backslash or a control character.
    pub(super) special: u64,
    /// Not 0 where there is anything but ASCII.
    pub(super) high: u64,
}

/// Where what asked for a closer look is; bit n is of byte n.
#[derive(Clone, Copy)]
pub(super) struct Closer {
    pub(super) backslashes: u64,
    pub(super) controls: u64,
}

/// A way to look.
pub(super) trait Look: Copy {
    fn look(self, block: &[u8; BLOCK]) -> Looked;

    fn closer(self, block: &[u8; BLOCK]) -> Closer;
}

/// What is done with a way to look: all of it is compiled for that way.
pub(super) trait Work {
    fn with(self, look: impl Look);
}

/// Does the work in the best way that this processor has.
#[inline(always)]
pub(super) fn with_the_best(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = V3::try_new() {
        return v3.vectorize(WithV3(v3, work));
    }
    work.with(Plain);
}

#[cfg(target_arch = "x86_64")]
struct WithV3<W>(V3, W);

#[cfg(target_arch = "x86_64")]
impl<W: Work> NullaryFnOnce for WithV3<W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.with(self.0);
    }
}

/// On any processor.
#[derive(Clone, Copy)]
struct Plain;

impl Look for Plain {
    #[inline(always)]
    fn look(self, block: &[u8; BLOCK]) -> Looked {
        let (mut quotes, mut special) = (0_u64, u8x16::splat(0));
        let mut all = special;
        let (parts, _) = block.as_chunks::<16>();
        for (at, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            let control = part.min(u8x16::splat(0x1f)).simd_eq(part);
            special |= control | part.simd_eq(u8x16::splat(b'\\'));
            quotes |= u64::from(part.simd_eq(u8x16::splat(b'"')).to_bitmask()) << (16 * at);
            all |= part;
        }
        Looked { quotes, special: special.to_bitmask().into(), high: all.to_bitmask().into() }
    }

    #[inline(always)]
    fn closer(self, block: &[u8; BLOCK]) -> Closer {
        let mut closer = Closer { backslashes: 0, controls: 0 };
        let (parts, _) = block.as_chunks::<16>();
        for (at, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            let control = part.min(u8x16::splat(0x1f)).simd_eq(part);
            closer.backslashes |=
                u64::from(part.simd_eq(u8x16::splat(b'\\')).to_bitmask()) << (16 * at);
            closer.controls |= u64::from(control.to_bitmask()) << (16 * at);
        }
        closer
    }
}

/// With AVX2. No closures: they would not be compiled for it.
#[cfg(target_arch = "x86_64")]
impl Look for V3 {
    #[inline(always)]
    fn look(self, block: &[u8; BLOCK]) -> Looked {
        let [low, high]: [__m256i; 2] = pulp::cast(*block);
        let special = self.avx2._mm256_or_si256(special(self, low), special(self, high));
        let all = self.avx2._mm256_or_si256(low, high);
        Looked {
            quotes: mask(self, are(self, low, b'"')) | mask(self, are(self, high, b'"')) << 32,
            special: mask(self, special),
            high: mask(self, all),
        }
    }

    #[inline(always)]
    fn closer(self, block: &[u8; BLOCK]) -> Closer {
        let [low, high]: [__m256i; 2] = pulp::cast(*block);
        Closer {
            backslashes: mask(self, are(self, low, b'\\'))
                | mask(self, are(self, high, b'\\')) << 32,
            controls: mask(self, controls(self, low)) | mask(self, controls(self, high)) << 32,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn special(v3: V3, half: __m256i) -> __m256i {
    v3.avx2._mm256_or_si256(controls(v3, half), are(v3, half, b'\\'))
}

/// All bits of the control characters.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn controls(v3: V3, half: __m256i) -> __m256i {
    v3.avx2._mm256_cmpeq_epi8(v3.avx2._mm256_min_epu8(half, v3.avx._mm256_set1_epi8(0x1f)), half)
}

/// All bits of the bytes that are this one.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(clippy::cast_possible_wrap, reason = "bits")]
fn are(v3: V3, half: __m256i, byte: u8) -> __m256i {
    v3.avx2._mm256_cmpeq_epi8(half, v3.avx._mm256_set1_epi8(byte as i8))
}

/// The highest bit of every byte.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(clippy::cast_sign_loss, reason = "bits")]
fn mask(v3: V3, half: __m256i) -> u64 {
    u64::from(v3.avx2._mm256_movemask_epi8(half) as u32)
}
