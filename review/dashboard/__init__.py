"""The pages: threads to find, a thread to read. Server-rendered; every page also answers JSON."""
