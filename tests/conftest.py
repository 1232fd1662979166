import acquire  # noqa: F401  before numpy: one thread of linear algebra, as in the app
