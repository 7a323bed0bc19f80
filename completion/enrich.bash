# Completion of enrich for bash: source <(enrich completion bash)
# enrich itself gives the answer: a line with its kind, then a line for each word.

_enrich() {
	# bash cuts words at = and : too; what has no space between is one word. The
	# last one ends at the cursor, and bash replaces only what is behind the cut.
	local line=${COMP_LINE:0:COMP_POINT} words=() piece blank
	for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		blank=${line%%[![:space:]]*}
		line=${line#"$blank"}
		((${#line} < ${#piece})) && piece=$line
		line=${line#"$piece"}
		if [[ -z $blank && ${#words[@]} -gt 0 && -n $piece ]]; then
			words[${#words[@]} - 1]+=$piece
		else
			words+=("$piece")
		fi
	done
	local last=$((${#words[@]} - 1)) kind='' word
	local before=${words[last]%"${words[last]##*[=:]}"}

	COMPREPLY=()
	while IFS= read -r word; do
		if [[ -z $kind ]]; then
			kind=$word
		else
			word=${word%%$'\t'*}
			COMPREPLY+=("${word#"$before"}")
		fi
	done < <("${words[0]/#\~/$HOME}" complete-line --word="${words[last]}" -- "${words[@]:1:last-1}" 2>/dev/null)

	case $kind in
	files) ;; # bash does, by -o default
	directories) compopt -o dirnames +o default 2>/dev/null ;;
	*) compopt +o default 2>/dev/null ;;
	esac
}

complete -o default -F _enrich enrich
