"""What is measured: PyMeasure procedures and how a row is taken."""
