"""`probeboard bundle …`: what an organizer does with a bundle before a server has it.

The command comes with the server's libraries: `probeboard` finds it by its entry point, and
`python -m app.bundles` is the same command.
"""
