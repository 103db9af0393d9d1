//! Tables for the servers of a thread.
