"""What the Deployment controller would do next. Plain data in, decision out."""


def next_step(parameters, pods):
    """How many pods to create and which to delete now.

    `pods` are the living ones (not terminating), oldest first, as (name, is_new, is_ready). The
    caller asks again until the answer is (0, []).
    """
    replicas = parameters["replicas"]
    new = sum(1 for _, is_new, _ in pods if is_new)
    create = max(0, min(replicas + parameters["max_surge"] - len(pods), replicas - new))
    if create:
        return create, []
    floor = replicas - parameters["max_unavailable"]
    unready_new = sum(1 for _, is_new, is_ready in pods if is_new and not is_ready)
    old = [(name, is_ready) for name, is_new, is_ready in pods if not is_new]
    unready_old = [name for name, is_ready in old if not is_ready]
    delete = unready_old[: max(0, len(pods) - floor - unready_new)]
    if delete:
        return 0, delete
    ready = sum(1 for _, _, is_ready in pods if is_ready)
    return 0, [name for name, is_ready in old if is_ready][: max(0, ready - floor)]
