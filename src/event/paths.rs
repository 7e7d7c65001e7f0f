//! The fields to read from an event: paths of names, as one tree.
//!
//! Invariant: a name is looked up by its first eight bytes and its length; the rest of it is
//! compared only if those are equal.

/// A path, as an index into its [`Paths`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub u32);

impl Path {
    /// The event itself.
    pub const ROOT: Path = Path(0);
    /// A field that is not requested.
    pub const NONE: Path = Path(u32::MAX);
}

/// The requested paths, and each path above one of them.
#[derive(Debug, Clone)]
pub struct Paths {
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: Box<str>,
    children: Names,
}

/// The names below one path: a hash table with open addressing, at most half full.
#[derive(Debug, Clone, Default)]
struct Names {
    /// Bit n is set if there is a name of n bytes; bit 63, of 63 or more. It rules out most of an
    /// event's names without a lookup.
    lengths: u64,
    /// The table: empty, or a power of two slots.
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
        Paths { fields: vec![Field { name: "".into(), children: Names::default() }] }
    }
}

impl Paths {
    /// Requests the field at these names, from the event's root on, and returns its path.
    pub fn request<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Path {
        names.into_iter().fold(Path::ROOT, |parent, name| {
            let known = self.child(parent, name.as_bytes());
            if known != Path::NONE {
                return known;
            }
            let path = Path(u32::try_from(self.fields.len()).unwrap_or(u32::MAX));
            self.fields.push(Field { name: name.into(), children: Names::default() });
            if let Some(field) = self.fields.get_mut(parent.0 as usize) {
                field.children.add(name.as_bytes(), path);
            }
            path
        })
    }

    /// The number of paths, those above a requested one included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.fields.len()
    }

    /// Returns the path one name below `parent`; [`Path::NONE`] if it is not requested.
    #[inline(always)]
    pub fn child(&self, parent: Path, name: &[u8]) -> Path {
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
        let mut at = first_slot(head, length);
        loop {
            let Some(slot) = names.slots.get(at & (names.slots.len().wrapping_sub(1))) else {
                return Path::NONE;
            };
            if slot.path == Path::NONE {
                return Path::NONE;
            }
            if slot.head == head
                && slot.length as usize == length
                && (length <= 8 || self.name(slot.path) == name)
            {
                return slot.path;
            }
            at += 1;
        }
    }

    fn name(&self, path: Path) -> &[u8] {
        self.fields.get(path.0 as usize).map_or(&[], |field| field.name.as_bytes())
    }

    /// Returns the paths directly below one.
    pub fn below(&self, path: Path) -> impl Iterator<Item = Path> + '_ {
        let slots = self.fields.get(path.0 as usize).map_or(&[][..], |field| &field.children.slots);
        slots.iter().map(|slot| slot.path).filter(|path| *path != Path::NONE)
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
        let mut at = first_slot(slot.head, slot.length as usize);
        while let Some(place) = self.slots.get_mut(at & mask) {
            if place.path == Path::NONE {
                *place = slot;
                return;
            }
            at += 1;
        }
    }
}

/// Returns the first eight bytes of a name as a number; all bytes of a shorter name.
#[inline(always)]
fn head(name: &[u8]) -> u64 {
    match name.first_chunk::<8>() {
        Some(first) => u64::from_le_bytes(*first),
        None => name.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

/// Returns the first slot to search for a name; only the low bits are used.
#[inline(always)]
fn first_slot(head: u64, length: usize) -> usize {
    let mixed = (head ^ length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 40) as usize
}
