import{c as o,d as r}from"./chunk-WEY4IAIK.js";import{a as e,g as n}from"./chunk-KMPBLKBP.js";n();var s={insertSpaces:!0,tabSize:2,eol:`
`},c={jsonc:{astFormat:"jsonc-text",parse:e(t=>({text:r(t,o(t,void 0,s)),length:t.length}),"parse"),locStart:e(()=>0,"locStart"),locEnd:e(t=>t.length,"locEnd")}},l={"jsonc-text":{print:e(t=>t.node.text,"print")}};export{c as parsers,l as printers};
