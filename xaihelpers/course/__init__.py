"""What only the lessons need: exercises that check themselves, and results computed beforehand."""
