"""`make rehearse`: takes a commit through the pipeline on this laptop and shows its progress."""
