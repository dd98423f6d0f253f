return {(pcall(require, "../cases")), (pcall(require, "lib"))}
