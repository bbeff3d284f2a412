# SPDX-License-Identifier: MIT
# Completion of assay for bash: asks the very program that is being typed for its commands, options and ops, so it knows nothing else.
# shellcheck shell=bash
_assay()
{
  local tool=${COMP_WORDS[0]} command=${COMP_WORDS[1]:-} word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
    words=$("$tool" --help 2>/dev/null | sed -nE 's/^  ([a-z]+|--[a-z]+),? .*/\1/p')
  else
    if [ "$word" = = ]; then # bash cuts --op=x into three words
      word=
    elif [ "$option" = = ]; then
      option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $option in
      -o | --op) [ "$command" = merge ] || words=$("$tool" list ops 2>/dev/null | sed -nE 's/^([a-z_]+) .*/\1/p') ;;
      -k | --kernel) words=$("$tool" list kernels 2>/dev/null | sed -nE 's/^[a-z_]+ +([^ ]+).*/\1/p' | sort -u) ;;
      *)
        case $word in
          -*) words=$("$tool" "$command" --help 2>/dev/null | sed -nE 's/^ {2,6}(-[^-], )?(-[^ ,=[]+).*/\2/p') ;;
          *) [ "$command" != list ] || words=$("$tool" list --help 2>/dev/null | sed -nE '1,3s/.* ([a-z]+(\|[a-z]+)+)$/\1/p' | tr '|' ' ') ;;
        esac
        ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") # no match: file names
}
complete -o default -F _assay assay
