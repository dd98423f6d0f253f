(define t (list)) (while true (append t (text "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" (length t))))
