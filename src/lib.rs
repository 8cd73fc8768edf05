//! auditgraph
