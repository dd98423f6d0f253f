-- title: a file beside the script that is no module is loaded as one
-- threat: T-SEC-2
-- verdict: denied
-- command: run
pcall(require, "secret.txt")
dofile("secret.txt")
