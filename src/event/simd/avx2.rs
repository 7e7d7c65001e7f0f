//! The implementation with AVX2. It has no closures: they would be compiled without AVX2.

use std::arch::x86_64::__m256i;

use pulp::NullaryFnOnce;
use pulp::x86::V3;

use super::{BLOCK, Classes, Kernel, Simd, Specials};

/// Code that is compiled for AVX2.
pub struct WithV3<K>(pub V3, pub K);

impl<K: Kernel> NullaryFnOnce for WithV3<K> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.run(self.0);
    }
}

impl Simd for V3 {
    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK]) -> Classes {
        let [low, high]: [__m256i; 2] = pulp::cast(*block);
        let special = self.avx2._mm256_or_si256(special(self, low), special(self, high));
        let all = self.avx2._mm256_or_si256(low, high);
        Classes {
            quotes: mask(self, are(self, low, b'"')) | mask(self, are(self, high, b'"')) << 32,
            special: mask(self, special),
            high: mask(self, all),
        }
    }

    #[inline(always)]
    fn specials(self, block: &[u8; BLOCK]) -> Specials {
        let [low, high]: [__m256i; 2] = pulp::cast(*block);
        Specials {
            backslashes: mask(self, are(self, low, b'\\'))
                | mask(self, are(self, high, b'\\')) << 32,
            controls: mask(self, controls(self, low)) | mask(self, controls(self, high)) << 32,
        }
    }
}

#[inline(always)]
fn special(v3: V3, half: __m256i) -> __m256i {
    v3.avx2._mm256_or_si256(controls(v3, half), are(v3, half, b'\\'))
}

/// Sets all bits of each control character.
#[inline(always)]
fn controls(v3: V3, half: __m256i) -> __m256i {
    v3.avx2._mm256_cmpeq_epi8(v3.avx2._mm256_min_epu8(half, v3.avx._mm256_set1_epi8(0x1f)), half)
}

/// Sets all bits of each byte that equals `byte`.
#[inline(always)]
#[allow(clippy::cast_possible_wrap, reason = "bits")]
fn are(v3: V3, half: __m256i, byte: u8) -> __m256i {
    v3.avx2._mm256_cmpeq_epi8(half, v3.avx._mm256_set1_epi8(byte as i8))
}

/// Returns the highest bit of every byte.
#[inline(always)]
#[allow(clippy::cast_sign_loss, reason = "bits")]
fn mask(v3: V3, half: __m256i) -> u64 {
    u64::from(v3.avx2._mm256_movemask_epi8(half) as u32)
}
