"""Pages about creators, their videos and campaigns: who gained what, over time, with annotations."""
