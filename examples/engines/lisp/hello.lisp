; The smallest spell: it greets you, or whoever you name; ../../hello.lua in lisp.
(print "Hello, " (if (get args 1) (get args 1) "world") "!")
