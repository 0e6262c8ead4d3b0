"""Every figure of the stored rows."""
