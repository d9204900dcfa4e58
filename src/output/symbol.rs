//! Text that repeats, kept once.

use crate::records::Symbol;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// The interned text of one run.
///
/// It keeps every text forever: intern what repeats, and write what does not as
/// [`Cell::Text`](crate::records::Cell::Text).
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    entries: Vec<Entry>,
    /// For look-ups only, never iterated over.
    indices: FxHashMap<Arc<str>, u32>,
}

#[derive(Clone, Debug)]
struct Entry {
    text: Arc<str>,
    hash: u64,
}

impl Symbols {
    /// The symbol of this text, the same whenever it is asked for.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&index) = self.indices.get(text) {
            return Symbol(index);
        }
        // Beyond 2^32 texts, which would fill hundreds of gigabytes, the last index is shared.
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.entries.push(Entry { hash: xxh3_64(text.as_bytes()), text: Arc::clone(&text) });
        self.indices.insert(text, index);
        Symbol(index)
    }

    /// The text of a symbol; empty for a symbol of another run that is unknown here.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.entries.get(symbol.0 as usize).map_or("", |entry| &entry.text)
    }

    /// Number of different texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has been interned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Hash of the symbol's text, computed once.
    pub(super) fn hash(&self, symbol: Symbol) -> u64 {
        self.entries.get(symbol.0 as usize).map_or_else(|| xxh3_64(b""), |entry| entry.hash)
    }
}

/// Takes a null category's place in memory; never read.
pub(super) const PLACEHOLDER: Symbol = Symbol(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_is_one_symbol() {
        let mut symbols = Symbols::default();
        let (a, b) = (symbols.intern("a"), symbols.intern("b"));
        assert_eq!((symbols.intern("a"), symbols.len()), (a, 2));
        assert_eq!((symbols.text(a), symbols.text(b)), ("a", "b"));
        assert_eq!(Symbols::default().text(b), "");
        assert_eq!(Symbols::default().hash(b), xxh3_64(b""));
    }
}
