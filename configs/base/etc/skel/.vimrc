syntax on
filetype plugin indent on
set nocompatible autoindent ruler showcmd incsearch hlsearch ignorecase smartcase
set expandtab shiftwidth=4 softtabstop=4 background=dark mouse= modeline
