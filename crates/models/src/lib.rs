//! Catalog, inspection and verification of model files.
