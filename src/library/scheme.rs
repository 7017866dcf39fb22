//! Placeholder, replaced by the scheme reader.
