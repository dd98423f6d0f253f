; An agent that remembers its conversation; ../../agent.lua in lisp.
(define poet (Agent.create (map
  "name" "poet" "system_prompt" "You are a poet. Answer in one line." "temperature" 0.2 "max_tokens" 100)))
(print "poet: " (get (agent.execute poet "A line about the sea, please.") "text"))

(define reply (agent.execute poet
  (map "text" "Now put the moon into it." "parameters" (map "temperature" 0.9))))
(print "poet: " (get reply "text"))
(print "that took " (get reply "metadata" "prompt_tokens") " tokens to ask and "
  (get reply "metadata" "completion_tokens") " to answer")

(agent.set_state poet (map "lines" 2 "mood" "calm"))
(define metrics (agent.get_metrics poet))
(print (get metrics "executions") " questions, " (get metrics "messages") " messages kept, mood "
  (get (agent.get_state poet) "mood"))

(agent.reset poet)
(print "after reset: " (get (agent.get_metrics poet) "messages") " messages")
