"""An object store with conditional writes: a bucket, a folder, or memory. Knows no release."""
