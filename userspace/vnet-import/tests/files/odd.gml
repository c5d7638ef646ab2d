Creator "yFiles"
graph [
  directed 0
  hierarchic 1
  node [ id 0 label "A &#8364; ünï" graphics [ x 10.5 y 20 w 30 fill "#FFCC00" ] asn 5 ]
  node [ id 1 label "A &#8364; ünï" graphics [ x 110 y 20 ] ]
  node [ id 2 label "" ]
  node [ id 3 label "?" gid 2 ]
  node [ id 4 name "igraph" ]
  edge [ source 0 target 1 label "10GE" weight 5 delay 3.5 ]
  edge [ source 1 target 0 LinkLabel "2 x 10 Gbps" ]
  edge [ source 1 target 2 value "a [b] c" bandwidth 1e9 ]
  edge [ source 2 target 2 ]
  edge [ source 2 target 9 ]
  edge [ source 2 target 3 LinkNote "x" ]
]
graph [ node [ id 0 ] ]
