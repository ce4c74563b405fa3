"""Products to nodes: the head over a tree's terminals, its calibration, and the deepest node that is safe."""
