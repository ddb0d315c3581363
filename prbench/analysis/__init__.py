"""Statistics over records, and leaderboards."""
