kind = Suite.plan()
try:
    Suite.fail(kind)
except CallError as problem:
    raised = problem
{
    "fine": False,
    "kind": raised.kind,
    "message": raised.message,
    "details": raised.details,
    "text": str(raised),
    "answer": Suite.caught(kind),
}
