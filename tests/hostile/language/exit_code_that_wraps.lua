-- title: an exit code whose low byte is nought
-- threat: T-LANG-1
-- verdict: error runtime
os.exit(256)
