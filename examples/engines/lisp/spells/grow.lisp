(define t "xxxxxxxxxxxxxxxx") (while true (set! t (text t t)))
