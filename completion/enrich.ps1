# Completion of enrich for PowerShell: enrich completion powershell | Out-String | Invoke-Expression
# enrich itself gives the answer: a line with its kind, then a line for each word
# with what it is about behind a tab. Without an answer PowerShell completes files.

Register-ArgumentCompleter -Native -CommandName enrich -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $program = $commandAst.CommandElements[0].Extent.Text
    $words = @($elements | Select-Object -Skip 1)
    $answer = @(& $program complete-line "--word=$wordToComplete" '--' @words 2>$null)

    $answer | Select-Object -Skip 1 | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}
