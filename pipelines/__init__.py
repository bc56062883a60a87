"""Pipeline Playground's engine room: every transformers pipeline task as a row of data."""
