package main

import "testing"

func TestWhere(t *testing.T) {
	const event = `{"user_id":"ada","n":12345678901234567890,"f":1.50,"ok":true,"none":null,"page":{"title":"a=b","x.y":1},"a.b":"whole","list":[1]}`
	for given, want := range map[string]bool{
		"user_id=ada": true, "user_id=Ada": false, "user_id=": false, "n=12345678901234567890": true, "n=12345678901234567891": false,
		"f=1.5": true, "f=1.51": false, "ok=true": true, "ok=false": false, "none=null": true, "absent=null": false,
		"page.title=a=b": true, "page.titles=a=b": false, "user_id.x=ada": false, "a.b=whole": true, "list=[1]": false, "page=": false,
	} {
		conditions, err := parseConditions([]string{given})
		if err != nil {
			t.Fatal(err)
		}
		if got := meets([]byte(event), conditions); got != want {
			t.Errorf("%s: got %t", given, got)
		}
	}
	both, err := parseConditions([]string{"user_id=ada", "ok=false"})
	if err != nil || meets([]byte(event), both) {
		t.Errorf("one of two is enough, %v", err)
	}
	if meets([]byte("no JSON"), both) || !meets([]byte("no JSON"), nil) {
		t.Error("no JSON")
	}
}
