//! Loading whole tables.
