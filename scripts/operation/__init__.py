"""Running the project: the server and its supervision, the demonstration, the checks."""
