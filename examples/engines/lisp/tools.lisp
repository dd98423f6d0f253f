; Tools are functions of the host, called by name; a part of ../../tools.lua in lisp.
(define answers (parallel
  (Tool.execute "uuid_generator" (map "version" "v5" "namespace" "url" "name" "https://example.org/spell"))
  (Tool.execute "base64-encoder" (map "operation" "encode" "input" "open sesame"))
  (Tool.execute "text-manipulator"
    (map "operation" "truncate" "input" "The philosopher's stone" "options" (map "max_length" 15)))
  (Tool.execute "json-processor" (map "query" "[.[] | .name]"
    "input" (list (map "name" "Ada" "age" 36) (map "name" "Bob" "age" 7))))))
(print "uuid-generator:   " (get answers 1 "result" "uuid"))
(print "base64-encoder:   " (get answers 2 "text"))
(print "text-manipulator: " (get answers 3 "text"))
(print "json-processor:   " (get answers 4 "result" 1) ", " (get answers 4 "result" 2))
