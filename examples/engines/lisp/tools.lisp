; Tools are functions of the host, called by name; ../../tools.lua in lisp. What lisp has no functions for, tools do.
(define answers (parallel
  (Tool.execute "calculator" (map "input" "round(0.001, pi() * r^2)" "variables" (map "r" 2.5)))
  (Tool.execute "hash-calculator" (map "operation" "hash" "algorithm" "sha256" "input" "open sesame"))
  (Tool.execute "uuid_generator" (map "version" "v5" "namespace" "url" "name" "https://example.org/spell"))
  (Tool.execute "base64-encoder" (map "operation" "encode" "input" "open sesame"))
  (Tool.execute "text-manipulator"
    (map "operation" "truncate" "input" "The philosopher's stone" "options" (map "max_length" 15)))
  (Tool.execute "json-processor" (map "query" "[.[] | .name]"
    "input" (list (map "name" "Ada" "age" 36) (map "name" "Bob" "age" 7))))))
(define short (lambda (text most) (get (Tool.execute "text-manipulator"
  (map "operation" "truncate" "input" text "options" (map "max_length" most))) "text")))

(print "calculator:       " (get answers 1 "result" "result") " (" (get answers 1 "result" "result_type") ")")
(print "hash-calculator:  " (short (get answers 2 "text") 19))
(print "uuid-generator:   " (get answers 3 "result" "uuid"))
(print "base64-encoder:   " (get answers 4 "text"))
(print "text-manipulator: " (get answers 5 "text"))
(print "json-processor:   " (get answers 6 "result" 1) ", " (get answers 6 "result" 2))

(define calculator (Tool.get "calculator"))
(print (get calculator "name") " takes a " (get (tool.getSchema calculator) "properties" "input" "type")
  ": 6 * 7 is " (get (tool.execute calculator (map "input" "6 * 7")) "text"))

(print "1 + " (try (begin (Tool.execute "calculator" (map "input" "1 +")) "works") (e) (+ "fails: " (get e "message"))))
