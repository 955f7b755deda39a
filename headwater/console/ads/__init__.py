"""The pages about ad creatives: the tree, each thing in it, and reports built from it."""
