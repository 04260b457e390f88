"""What several techniques share: each module is named for what it does."""
