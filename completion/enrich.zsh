#compdef enrich
# Completion of enrich for zsh: a file _enrich in a directory of $fpath, or, behind
# compinit, source <(enrich completion zsh)
# enrich itself gives the answer: a line with its kind, then a line for each word
# with what it is about behind a tab.

_enrich() {
	local -a answer described
	local line word about
	answer=("${(@f)$("${words[1]/#\~/$HOME}" complete-line --word="$PREFIX" -- "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
	for line in "${(@)answer[2,-1]}"; do
		word=${line%%$'\t'*}
		about=${line#*$'\t'}
		[[ $about == $line ]] && about=
		described+=("${word//:/\\:}${about:+:$about}")
	done
	case ${answer[1]} in
	files)
		compset -P '-*='
		_files
		;;
	directories)
		compset -P '-*='
		_files -/
		;;
	words) _describe -t words enrich described ;;
	esac
}

if [[ ${funcstack[1]} == _enrich ]]; then
	_enrich "$@"
else
	compdef _enrich enrich
fi
