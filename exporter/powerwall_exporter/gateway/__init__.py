"""Everything that talks to a gateway; knows no metric."""
