# Completion of enrich for fish: enrich completion fish | source
# enrich itself gives the answer: a line with its kind, then a line for each word
# with what it is about behind a tab.

function __enrich_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l answer ($program complete-line --word=$current -- $words 2>/dev/null)
    set -l flag (string match -r -- '^-[^=]*=' $current)
    switch "$answer[1]"
        case files
            printf '%s\n' "$flag"(__fish_complete_path (string replace -r -- '^-[^=]*=' '' $current))
        case directories
            printf '%s\n' "$flag"(__fish_complete_directories (string replace -r -- '^-[^=]*=' '' $current))
        case words
            set -e answer[1]
            printf '%s\n' $answer
    end
end

complete -c enrich -f -a '(__enrich_complete)'
