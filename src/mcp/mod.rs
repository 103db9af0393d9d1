//! Placeholder of this module's map; see ARCHITECTURE.md.
