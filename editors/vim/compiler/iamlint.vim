" Compiler for Vim and Neovim: put this file into `compiler/` of your runtime path, then `:compiler iamlint` and `:make`.
" The quickfix list shows the rule and the message. Arguments of `:make` are paths and options of `iamlint check`.

if exists('current_compiler')
  finish
endif
let current_compiler = 'iamlint'

let s:save_cpo = &cpo
set cpo&vim

CompilerSet makeprg=iamlint\ check\ --format\ concise\ --quiet
CompilerSet errorformat=%f:%l:%c:\ %trror%m,%f:%l:%c:\ %tarning%m,%f:%l:%c:\ %tnfo%m,%-G%.%#

let &cpo = s:save_cpo
unlet s:save_cpo
