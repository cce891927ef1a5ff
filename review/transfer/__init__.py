"""A project as a file of lines, out of one installation and into another (`python -m review export`, `import`)."""
