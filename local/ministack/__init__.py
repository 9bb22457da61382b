"""The local AWS: MiniStack in this process, with Lantern's tables in it and its data kept on disk."""
