"""Example trees (`*.json`) and the executors that they use, laid out as a project of your own would be."""
