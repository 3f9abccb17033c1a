;;; iamlint.el --- Check AWS IAM policies with iamlint  -*- lexical-binding: t; -*-

;;; Commentary:

;; `M-x iamlint' checks the project, `M-x iamlint-watch' does so whenever a file changes.
;; `next-error' goes from finding to finding.

;;; Code:

(require 'compile)

(defvar iamlint-command "iamlint check --format concise --allow-empty"
  "What `iamlint' runs, in the root of the project.")

(defconst iamlint-error-regexp
  "^\\(.+?\\):\\([0-9]+\\):\\([0-9]+\\): \\(?:error\\|\\(warning\\)\\|\\(info\\)\\)\\[[a-z0-9-]+\\]: "
  "A finding: path, line, column, and what makes it less than an error.")

(add-to-list 'compilation-error-regexp-alist-alist (list 'iamlint iamlint-error-regexp 1 2 3 '(4 . 5)))
(add-to-list 'compilation-error-regexp-alist 'iamlint)

(define-compilation-mode iamlint-mode "iamlint"
  "Findings of iamlint."
  (setq-local compilation-error-regexp-alist '(iamlint))
  ;; Columns count characters: a tab is one.
  (setq-local compilation-error-screen-columns nil))

(defun iamlint--root ()
  "The root of the project, or the current folder."
  (expand-file-name (or (locate-dominating-file default-directory ".git") default-directory)))

(defun iamlint ()
  "Check the IAM policies of the project."
  (interactive)
  (let ((default-directory (iamlint--root)))
    (compilation-start iamlint-command 'iamlint-mode)))

(defun iamlint--forget ()
  "Keep only what the last check printed."
  (save-excursion
    (goto-char (point-max))
    (when (re-search-backward "^iamlint: checking\\.\\.\\.$" nil t)
      (let ((inhibit-read-only t))
        (compilation-forget-errors)
        (delete-region (point-min) (point))))))

(defun iamlint-watch ()
  "Check the IAM policies of the project whenever one changes."
  (interactive)
  (let ((default-directory (iamlint--root)))
    (with-current-buffer (compilation-start (concat iamlint-command " --watch") 'iamlint-mode)
      (add-hook 'compilation-filter-hook #'iamlint--forget nil t))))

(provide 'iamlint)
;;; iamlint.el ends here
