"""What segments are as files."""
