"""Small changes of a solution, and whether they change its result."""
