//! Consolidation by hand.
