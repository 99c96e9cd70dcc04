(use-modules (ice-9 ftw))

(for-each
 (lambda (file) (load (string-append "/etc/shepherd/" file)))
 (scandir "/etc/shepherd" (lambda (file) (string-suffix? ".scm" file))))
