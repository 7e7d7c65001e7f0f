//! Which fields are to be read from an event: paths of names, as one tree.
//!
//! Invariant: a name is found by looking at its first eight bytes and its length; the rest is compared only where those agree.

use std::fmt;

/// A path, by its place in its [`Paths`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub(super) u32);

impl Path {
    /// The event itself.
    pub(super) const ROOT: Path = Path(0);
    /// Nothing that anybody asks for.
    pub(super) const NONE: Path = Path(u32::MAX);
}

/// The paths that are asked for, and every beginning of them.
#[derive(Debug, Clone)]
pub struct Paths {
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: Box<str>,
    parent: Path,
    children: Names,
}

/// The names below one path: a hash table with open addressing, at most half full.
#[derive(Debug, Clone, Default)]
struct Names {
    /// Bit n: there is a name of n bytes; bit 63: of 63 or more. Most of an event's names are refused by it.
    lengths: u64,
    /// Empty, or a power of two of them.
    slots: Vec<Slot>,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    head: u64,
    length: u32,
    path: Path,
}

impl Default for Paths {
    fn default() -> Self {
        Paths {
            fields: vec![Field { name: "".into(), parent: Path::NONE, children: Names::default() }],
        }
    }
}

impl Paths {
    /// The path of these names from the event's root on, asked for from now on.
    pub fn ask<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Path {
        names.into_iter().fold(Path::ROOT, |parent, name| {
            let known = self.child(parent, name.as_bytes());
            if known != Path::NONE {
                return known;
            }
            let path = Path(u32::try_from(self.fields.len()).unwrap_or(u32::MAX));
            self.fields.push(Field { name: name.into(), parent, children: Names::default() });
            if let Some(field) = self.fields.get_mut(parent.0 as usize) {
                field.children.add(name.as_bytes(), path);
            }
            path
        })
    }

    /// How many there are, beginnings included.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The path one name below `parent`; [`Path::NONE`] where nobody asks for it.
    #[inline(always)]
    pub(super) fn child(&self, parent: Path, name: &[u8]) -> Path {
        let Some(field) = self.fields.get(parent.0 as usize) else { return Path::NONE };
        let names = &field.children;
        if names.lengths >> name.len().min(63) & 1 == 0 {
            return Path::NONE;
        }
        self.probe(names, name)
    }

    #[inline]
    fn probe(&self, names: &Names, name: &[u8]) -> Path {
        let (head, length) = (head(name), name.len());
        let mut at = place(head, length);
        loop {
            let Some(slot) = names.slots.get(at & (names.slots.len().wrapping_sub(1))) else {
                return Path::NONE;
            };
            if slot.path == Path::NONE {
                return Path::NONE;
            }
            if slot.head == head
                && slot.length as usize == length
                && (length <= 8 || self.is_named(slot.path, name))
            {
                return slot.path;
            }
            at += 1;
        }
    }

    fn is_named(&self, path: Path, name: &[u8]) -> bool {
        self.fields.get(path.0 as usize).is_some_and(|field| field.name.as_bytes() == name)
    }

    /// The paths right below one.
    pub(super) fn below(&self, path: Path) -> impl Iterator<Item = Path> + '_ {
        let slots = self.fields.get(path.0 as usize).map_or(&[][..], |field| &field.children.slots);
        slots.iter().map(|slot| slot.path).filter(|path| *path != Path::NONE)
    }

    /// The names that lead to a path.
    #[must_use]
    pub fn names(&self, path: Path) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = path;
        while at != Path::ROOT
            && let Some(field) = self.fields.get(at.0 as usize)
        {
            names.push(&*field.name);
            at = field.parent;
        }
        names.reverse();
        names
    }
}

impl Names {
    fn add(&mut self, name: &[u8], path: Path) {
        self.lengths |= 1 << name.len().min(63);
        self.count += 1;
        if self.slots.len() < 2 * self.count {
            let size = (2 * self.count).next_power_of_two().max(4);
            let empty = Slot { head: 0, length: 0, path: Path::NONE };
            let before = std::mem::replace(&mut self.slots, vec![empty; size]);
            for slot in before.into_iter().filter(|slot| slot.path != Path::NONE) {
                self.put(slot);
            }
        }
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        self.put(Slot { head: head(name), length, path });
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = place(slot.head, slot.length as usize);
        while let Some(place) = self.slots.get_mut(at & mask) {
            if place.path == Path::NONE {
                *place = slot;
                return;
            }
            at += 1;
        }
    }
}

/// The first eight bytes of a name as a number; a shorter one's in full.
#[inline(always)]
fn head(name: &[u8]) -> u64 {
    match name.first_chunk::<8>() {
        Some(first) => u64::from_le_bytes(*first),
        None => name.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

/// Where a name is looked for first; only the low bits are used.
#[inline(always)]
fn place(head: u64, length: usize) -> usize {
    let mixed = (head ^ length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as usize
}

/// A path as an expression writes it.
pub struct Shown<'p>(pub &'p Paths, pub Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.names(self.1).into_iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            write_name(name, f)?;
        }
        Ok(())
    }
}

/// A name as an expression writes it: in double quotes where it is no plain word.
///
/// # Errors
/// Those of `f`.
pub fn write_name(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        return f.write_str(name);
    }
    let mut quoted = String::new();
    super::Value::Text(name).write_json(&mut quoted);
    f.write_str(&quoted)
}
