"""The commands: each module declares some of them with `add`, and carries them out."""
