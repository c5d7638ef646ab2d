Creator "hand"
graph [
  directed 0
  label "Small"
  # A comment.
  node [
    id 0
    label "S&#227;o Paulo"
    Longitude -46.63
    Latitude -23.55
  ]
  node [
    id 1
    label "Rio"
    Longitude -43.2
    Latitude -22.9
    graphics [ x 1 y 2 ]
  ]
  edge [
    source 0
    target 1
    LinkSpeed "2.5"
    LinkSpeedUnits "G"
  ]
]
