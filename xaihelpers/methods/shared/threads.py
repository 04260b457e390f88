"""Small matrices on one thread: several wait for each other longer than they work, by far so where something else runs."""


def one_thread():
    """Return a block in which numpy multiplies matrices on one thread; sums are then rounded alike in every run."""
    from threadpoolctl import threadpool_limits  # scikit-learn brings it

    return threadpool_limits(1, user_api="blas")
